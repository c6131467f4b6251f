import { Module } from '@nestjs/common';
import { InvitationsController } from './invitations.controller.js';
import { InvitationsOfCourseController } from './invitations-of-course.controller.js';
import { Invitations } from './invitations.js';
import { PeopleController } from './people.controller.js';
import { RosterController } from './roster.controller.js';
import { Rosters } from './rosters.js';

@Module({
  controllers: [PeopleController, RosterController, InvitationsController, InvitationsOfCourseController],
  providers: [Rosters, Invitations],
})
export class PeopleModule {}

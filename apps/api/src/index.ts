/** What tests and tools need of the api. The processes start from main.ts and prepare.ts. */
export { createApp } from './create-app.js';
export { readConfiguration, type Configuration } from './configuration.js';
export { prepareDatabase } from './installation/prepare-database.js';
export { resetPassword } from './installation/reset-password.js';
export { openRosters, type OpenRosters } from './people/open-rosters.js';
export { rosterText } from './people/roster-file.js';
export { recordExport, type RecordedExport } from './audit/open-export-records.js';
export { VERSION } from './version.js';

/** Immutable: a change of the schema is a new migration. */
export const keepMetadata = `
-- Metadata that repeats is kept once. Whoever types writes the same 400 bytes (who, from where, in which course) with every
-- letter: they were two thirds of what a letter took. The key is made from the bytes, so that a reader may remember what a
-- key stands for whatever becomes of the database.
create table es.metadata (
  key   bigint primary key,
  bytes bytea not null
);
create trigger append_only before update or delete or truncate on es.metadata
  for each statement execute function es.refuse_change();

-- Not more than one of the two is given. No foreign key: it would lock the row in es.metadata on every append.
alter table es.event add column metadata_key bigint;

-- The key for these bytes, from now on kept; null if the key is taken by other ones (one in 10^19).
create function es.keep_metadata(p_bytes bytea) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  the_key bigint := ('x' || encode(substr(sha256(p_bytes), 1, 8), 'hex'))::bit(64)::bigint;
begin
  insert into es.metadata (key, bytes) values (the_key, p_bytes) on conflict (key) do nothing;
  return (select m.key from es.metadata m where m.key = the_key and m.bytes = p_bytes);
end $$;

-- As event_id_in_stream, a quarter smaller: what it finds is compared with the whole id.
create index event_id_hash_in_stream on es.event (stream_no, uuid_hash(event_id));
drop index es.event_id_in_stream;

-- Positions only grow: nothing is ever inserted into a full page.
alter index es.event_pkey set (fillfactor = 100);

-- es.append of migration 5, with a key where the metadata is kept, and the time at which the events were recorded (milliseconds
-- since 1970, cut as readers cut it): the caller then knows all that a reader would.
drop function es.append(text[], bigint[], int[], int[], uuid[], text[], boolean[], int[], int[], int[], bytea, boolean);
create function es.append(
  p_streams text[], p_expected bigint[], p_sizes int[],
  p_request int[], p_ids uuid[], p_types text[], p_json boolean[],
  p_offsets int[], p_data_sizes int[], p_metadata_sizes int[], p_metadata_keys bigint[], p_payload bytea,
  p_atomic boolean)
returns table (outcome text, last_revision bigint, last_position bigint, recorded_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off as $$
declare
  old_head       bigint;    -- position of the last event before this call
  head           bigint;    -- the same, as decided so far
  wanted         bigint;
  at             bigint;    -- revision at which a retry's events would lie
  ids            uuid[];
  created        bigint;    -- number of a stream that this call creates
  at_time        timestamptz;
  the_stream     bigint;    -- of a single request
  last           bigint;    -- its last revision
  -- An element a request. Filled with nulls: an assignment to place 2 of an empty array would move its lower bound there.
  firsts         int[];     -- its first event in the arrays
  stream_nos     bigint[];
  states         smallint[];
  born           bigint[];
  lasts          bigint[];  -- last revision of its stream, -1 for none
  places         bigint[];  -- for "any" and "stream exists": revision of the event with its first id, if there is one
  outcomes       text[] := array_fill(null::text, array[cardinality(p_streams)]);
  positions      bigint[] := array_fill(null::bigint, array[cardinality(p_streams)]);
  revision_bases bigint[] := positions;  -- revision of the event n of the arrays is revision_bases[its request] + n
  position_bases bigint[] := positions;  -- the same for positions; null if the request stores nothing
begin
  perform es.lock_log();
  -- Behind the lock, so that times follow positions; one for the whole call, so that the caller can be told.
  at_time := clock_timestamp();
  select greatest(l.floor_position, (select max(e.position) from es.event e)) into strict old_head from es.log l;
  head := old_head;

  -- One request at the revision that its writer knows, as rooms and most commands send it where a class is small: half the
  -- time of what follows, which is made for many.
  if cardinality(p_streams) = 1 and p_expected[1] >= 0 and p_sizes[1] = cardinality(p_ids) then
    select s.stream_no, (select max(e.revision) from es.event e where e.stream_no = s.stream_no) into the_stream, last
      from es.stream s where s.name = p_streams[1] and s.state = 0;
    if last = p_expected[1] then
      if p_sizes[1] = 1 then
        insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata, metadata_key, recorded_at)
          values (old_head + 1, the_stream, last + 1, p_ids[1], p_types[1], p_json[1], substr(p_payload, 1, p_data_sizes[1]),
            case when p_metadata_sizes[1] is not null then substr(p_payload, 1 + p_data_sizes[1]) end, p_metadata_keys[1], at_time);
      else
        insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata, metadata_key, recorded_at)
          select old_head + u.n, the_stream, last + u.n, u.id, u.type, u.json, substr(p_payload, u.at, u.data_size),
            case when u.metadata_size is not null then substr(p_payload, u.at + u.data_size, u.metadata_size) end,
            u.metadata_key, at_time
          from unnest(p_ids, p_types, p_json, p_offsets, p_data_sizes, p_metadata_sizes, p_metadata_keys)
            with ordinality as u (id, type, json, at, data_size, metadata_size, metadata_key, n);
      end if;
      outcome := 'ok';
      last_revision := last + p_sizes[1];
      last_position := old_head + p_sizes[1];
      recorded_ms := floor(extract(epoch from at_time) * 1000);
      perform pg_notify('es_event', last_position::text);
      return next;
      return;
    end if;
  end if;

  -- "revision + 0": for max(revision) the planner may go through the stream backwards until it meets the id.
  select array_agg(r.first order by r.n), array_agg(s.stream_no order by r.n), array_agg(s.state order by r.n),
      array_agg(s.born_at order by r.n),
      array_agg(coalesce((select max(e.revision) from es.event e where e.stream_no = s.stream_no), -1) order by r.n),
      array_agg(case when r.expected in (-2, -4) then (
        select max(e.revision + 0) from es.event e where e.stream_no = s.stream_no
          and uuid_hash(e.event_id) = uuid_hash(p_ids[r.first]) and e.event_id = p_ids[r.first]) end
        order by r.n)
    into strict firsts, stream_nos, states, born, lasts, places
    from (
      select u.n, u.name, u.expected, (sum(u.size) over (order by u.n rows unbounded preceding) - u.size + 1)::int as first
      from unnest(p_streams, p_expected, p_sizes) with ordinality as u (name, expected, size, n)) r
    left join es.stream s on s.name = r.name;

  for i in 1 .. cardinality(p_streams) loop
    if p_sizes[i] < 1 or firsts[i] + p_sizes[i] - 1 > cardinality(p_ids) then
      raise exception 'request % has no events or fewer than it says', i using errcode = 'invalid_parameter_value';
    end if;
    wanted := case p_expected[i] when -1 then coalesce(born[i], 0) - 1 else p_expected[i] end;

    if states[i] = 2 then
      outcomes[i] := 'tombstoned';
    elsif wanted = -4 and (lasts[i] < 0 or states[i] = 1) then
      outcomes[i] := 'wrong';
      lasts[i] := -1;
    elsif wanted = lasts[i] then
      outcomes[i] := 'ok';
    elsif wanted in (-2, -4) and places[i] is null and (p_sizes[i] = 1 or lasts[i] < 0) then
      outcomes[i] := 'ok';
    elsif wanted > lasts[i] then
      outcomes[i] := 'wrong';
    else
      -- Perhaps a retry: its ids tell.
      ids := p_ids[firsts[i] : firsts[i] + p_sizes[i] - 1];
      at := case when wanted in (-2, -4) then places[i] else wanted + 1 end;
      if at is not null then
        outcomes[i] := case when es.holds_at(stream_nos[i], at, ids) then 'replay' else 'wrong' end;
      else
        perform from unnest(ids) as u (id), lateral (
          select from es.event e where e.stream_no = stream_nos[i]
            and uuid_hash(e.event_id) = uuid_hash(u.id) and e.event_id = u.id limit 1) e;
        outcomes[i] := case when found then 'wrong' else 'ok' end;
      end if;
    end if;

    if outcomes[i] = 'ok' then
      revision_bases[i] := lasts[i] + 1 - firsts[i];
      position_bases[i] := head + 1 - firsts[i];
      head := head + p_sizes[i];
      lasts[i] := lasts[i] + p_sizes[i];
      positions[i] := head;
    elsif outcomes[i] = 'replay' then
      lasts[i] := at + p_sizes[i] - 1;
      positions[i] := (
        select e.position from es.event e where e.stream_no = stream_nos[i] and e.revision = lasts[i]);
    end if;
  end loop;

  if p_atomic and outcomes && array['wrong', 'tombstoned'] then
    return query select case u.o when 'ok' then 'aborted' when 'replay' then 'aborted' else u.o end, u.r, null::bigint, null::bigint
      from unnest(outcomes, lasts) as u (o, r);
    return;
  end if;

  if head > old_head then
    for i in 1 .. cardinality(p_streams) loop
      if position_bases[i] is not null and stream_nos[i] is null then
        insert into es.stream as s (name) values (p_streams[i]) returning s.stream_no into strict created;
        stream_nos[i] := created;
      elsif position_bases[i] is not null and states[i] = 1 then
        update es.stream s set state = 0 where s.stream_no = stream_nos[i];
      end if;
    end loop;
    insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata, metadata_key, recorded_at)
      select position_bases[u.request] + u.n, stream_nos[u.request], revision_bases[u.request] + u.n,
        u.id, u.type, u.json, substr(p_payload, u.at, u.data_size),
        case when u.metadata_size is not null then substr(p_payload, u.at + u.data_size, u.metadata_size) end,
        u.metadata_key, at_time
      from unnest(p_request, p_ids, p_types, p_json, p_offsets, p_data_sizes, p_metadata_sizes, p_metadata_keys)
        with ordinality as u (request, id, type, json, at, data_size, metadata_size, metadata_key, n)
      where position_bases[u.request] is not null;
    perform pg_notify('es_event', head::text);
  end if;
  return query select u.o, u.r, u.p, floor(extract(epoch from at_time) * 1000)::bigint
    from unnest(outcomes, lasts, positions) as u (o, r, p);
end $$;

-- es.import_events of migration 4, with keys of metadata.
drop function es.import_events(text[], int[], bigint[], bigint[], uuid[], text[], boolean[], int[], int[], int[], bytea);
create function es.import_events(
  p_streams text[], p_stream int[], p_revisions bigint[], p_times bigint[], p_ids uuid[], p_types text[],
  p_json boolean[], p_offsets int[], p_data_sizes int[], p_metadata_sizes int[],
  p_metadata_keys bigint[], p_payload bytea)
returns table (outcome text, stream text, expected bigint, last_revision bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp as $$
declare
  n          int := cardinality(p_ids);
  head       bigint;
  stream_nos bigint[];
begin
  perform es.lock_log();
  if exists (
    select from es.stream s join es.event e on e.stream_no = s.stream_no
    where s.name = p_streams[p_stream[n]] and e.revision = p_revisions[n] and e.event_id = p_ids[n])
  then
    return query select 'replay', null::text, null::bigint, null::bigint;
    return;
  end if;

  return query select 'tombstoned', s.name, null::bigint, null::bigint
    from es.stream s where s.name = any (p_streams) and s.state = 2 limit 1;
  if found then return; end if;

  select array_agg(s.stream_no order by u.n) into strict stream_nos
    from unnest(p_streams) with ordinality as u (name, n) left join es.stream s on s.name = u.name;
  -- A stream may begin above 0: the log that it comes from had its first events scavenged.
  return query
    select 'wrong', p_streams[w.stream], w.revision - 1, w.before
    from (
      select u.n, u.stream, u.revision, coalesce(
        lag(u.revision) over (partition by u.stream order by u.n),
        (select max(e.revision) from es.event e where e.stream_no = stream_nos[u.stream])) as before
      from unnest(p_stream, p_revisions) with ordinality as u (stream, revision, n)) w
    where w.revision <> w.before + 1 order by w.n limit 1;
  if found then return; end if;

  insert into es.stream (name) select unnest(p_streams) on conflict (name) do nothing;
  -- A stream that was deleted and goes on, as es.append would have it.
  update es.stream s set state = 0 where s.state = 1 and s.name = any (p_streams);
  select array_agg(s.stream_no order by u.n) into strict stream_nos
    from unnest(p_streams) with ordinality as u (name, n) join es.stream s on s.name = u.name;

  select greatest(l.floor_position, (select max(e.position) from es.event e)) into strict head from es.log l;
  insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata, metadata_key, recorded_at)
    select head + u.n, stream_nos[u.stream], u.revision, u.id, u.type, u.json, substr(p_payload, u.at, u.data_size),
      case when u.metadata_size is not null then substr(p_payload, u.at + u.data_size, u.metadata_size) end,
      u.metadata_key, timestamptz 'epoch' + u.time * interval '1 millisecond'
    from unnest(p_stream, p_revisions, p_times, p_ids, p_types, p_json, p_offsets, p_data_sizes, p_metadata_sizes,
        p_metadata_keys)
      with ordinality as u (stream, revision, time, id, type, json, at, data_size, metadata_size, metadata_key, n);
  perform pg_notify('es_event', (head + n)::text);
  return query select 'ok', null::text, null::bigint, null::bigint;
end $$;


revoke all on all functions in schema es from public;
`;

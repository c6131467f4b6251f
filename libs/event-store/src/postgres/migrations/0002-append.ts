/** Immutable: a change of the schema is a new migration. */
export const append = `
-- Serialises everything that writes to the log, in all processes. Held until the transaction ends, so that its rows are
-- visible before the next writer reads max(position): commit order = position order, without gaps.
create function es.lock_log() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- Any other level would keep the snapshot taken before the lock was ours, and give positions twice.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the event log is written in READ COMMITTED only, not in %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  -- An acknowledged append is on disk: a kill -9 with "off" lost 177 of 2,445.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform pg_advisory_xact_lock(8097872805052314469); -- "palimpse"
end $$;

create function es.holds_at(p_stream_no bigint, p_revision bigint, p_ids uuid[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select count(*) = cardinality(p_ids)
  from unnest(p_ids) with ordinality as wanted (id, n)
  join es.event e on e.stream_no = p_stream_no and e.revision = p_revision + wanted.n - 1 and e.event_id = wanted.id
$$;

-- A batch of appends, at most one a stream. Per request (arrays p_streams, p_expected, p_sizes): name, expectation, number
-- of events. Per event (the others): its request, counted from 1, and where its data, followed by its metadata, lies in
-- p_payload. One payload instead of arrays of bytea, because the driver sends those as hexadecimal text.
-- Expectation: a revision, or -1 no stream, -2 any, -4 stream exists (the numbers of EventStoreDB).
-- One row a request: ok | replay | wrong | tombstoned | aborted (another request of an atomic batch failed).
-- A losing request does not raise: its neighbours in the batch belong to other callers.
create function es.append(
  p_streams text[], p_expected bigint[], p_sizes int[],
  p_request int[], p_ids uuid[], p_types text[], p_json boolean[],
  p_offsets int[], p_data_sizes int[], p_metadata_sizes int[], p_payload bytea,
  p_atomic boolean)
returns table (outcome text, last_revision bigint, last_position bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  head       bigint;    -- position of the last event, as decided so far
  old_head   bigint;    -- the same, before this call
  first      int := 1;  -- the request's first event in the arrays
  wanted     bigint;
  last       bigint;    -- last revision of the request's stream, -1 for none
  at         bigint;    -- revision at which a retry's events would lie
  ids        uuid[];
  stream     record;
  created    bigint;    -- number of a stream that this call creates
  -- Filled with nulls: an assignment to place 2 of an empty array would move its lower bound there.
  outcomes   text[] := array_fill(null::text, array[cardinality(p_streams)]);
  revisions  bigint[] := array_fill(null::bigint, array[cardinality(p_streams)]);
  positions  bigint[] := revisions;
  stream_nos bigint[] := revisions;
  bases      bigint[] := revisions;  -- revision of the request's event n is bases[request] + n
begin
  perform es.lock_log();
  select greatest(l.floor_position, (select max(e.position) from es.event e)) into strict head from es.log l;
  old_head := head;

  for i in 1 .. cardinality(p_streams) loop
    ids := p_ids[first : first + p_sizes[i] - 1];
    if cardinality(ids) <> p_sizes[i] or p_sizes[i] < 1 then
      raise exception 'request % has no events or fewer than it says', i using errcode = 'invalid_parameter_value';
    end if;
    select s.stream_no, s.state, s.born_at into stream from es.stream s where s.name = p_streams[i];
    select coalesce(max(e.revision), -1) into last from es.event e where e.stream_no = stream.stream_no;
    wanted := case p_expected[i] when -1 then coalesce(stream.born_at, 0) - 1 else p_expected[i] end;
    at := null;

    if stream.state = 2 then
      outcomes[i] := 'tombstoned';
    elsif wanted = -4 and (last < 0 or stream.state = 1) then
      outcomes[i] := 'wrong';
      last := -1;
    elsif p_expected[i] in (-2, -4) then
      select e.revision into at from es.event e
        where e.event_id = ids[1] and e.stream_no = stream.stream_no order by e.revision desc limit 1;
      outcomes[i] := case
        when at is not null and es.holds_at(stream.stream_no, at, ids) then 'replay'
        when at is null and (p_sizes[i] = 1 or last < 0 or not exists (
          select from es.event e where e.event_id = any (ids) and e.stream_no = stream.stream_no)) then 'ok'
        else 'wrong' end;
    elsif wanted = last then
      outcomes[i] := 'ok';
    else
      at := wanted + 1;
      outcomes[i] := case
        when wanted < last and es.holds_at(stream.stream_no, at, ids) then 'replay' else 'wrong' end;
    end if;

    if outcomes[i] = 'ok' then
      bases[i] := last + 1 - first;
      head := head + p_sizes[i];
      revisions[i] := last + p_sizes[i];
      positions[i] := head;
    elsif outcomes[i] = 'replay' then
      revisions[i] := at + p_sizes[i] - 1;
      positions[i] := (
        select e.position from es.event e where e.stream_no = stream.stream_no and e.revision = at + p_sizes[i] - 1);
    else
      revisions[i] := last;
    end if;
    stream_nos[i] := stream.stream_no;
    first := first + p_sizes[i];
  end loop;

  if p_atomic and outcomes && array['wrong', 'tombstoned'] then
    return query select case u.o when 'ok' then 'aborted' when 'replay' then 'aborted' else u.o end, u.r, null::bigint
      from unnest(outcomes, revisions) as u (o, r);
    return;
  end if;

  if head > old_head then
    for i in 1 .. cardinality(p_streams) loop
      if outcomes[i] = 'ok' and stream_nos[i] is null then
        insert into es.stream as s (name) values (p_streams[i]) returning s.stream_no into strict created;
        stream_nos[i] := created;
      end if;
    end loop;
    update es.stream s set state = 0
      where s.state = 1 and s.stream_no = any (stream_nos) and outcomes[array_position(stream_nos, s.stream_no)] = 'ok';
    insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata)
      select old_head + row_number() over (order by u.n), stream_nos[u.request], bases[u.request] + u.n,
        u.id, u.type, u.json, substr(p_payload, u.at, u.data_size),
        case when u.metadata_size is not null then substr(p_payload, u.at + u.data_size, u.metadata_size) end
      from unnest(p_request, p_ids, p_types, p_json, p_offsets, p_data_sizes, p_metadata_sizes)
        with ordinality as u (request, id, type, json, at, data_size, metadata_size, n)
      where outcomes[u.request] = 'ok';
    perform pg_notify('es_event', head::text);
  end if;
  return query select u.o, u.r, u.p from unnest(outcomes, revisions, positions) as u (o, r, p);
end $$;

revoke all on all functions in schema es from public;
`;

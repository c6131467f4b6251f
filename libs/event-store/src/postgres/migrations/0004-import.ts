/** Immutable: a change of the schema is a new migration. */
export const importEvents = `
-- Events as another log recorded them, with their revisions and times. Granted to nobody: whoever may call this can say
-- that something happened at any time. Per event: its stream, counted from 1 in p_streams, and the rest as in es.append;
-- times are milliseconds since 1970. Everything or nothing, so that a call whose answer was lost is known by its last event.
-- One row: ok | replay | wrong | tombstoned; for the last two the stream, the revision it expected, and its last one.
create function es.import_events(
  p_streams text[], p_stream int[], p_revisions bigint[], p_times bigint[], p_ids uuid[], p_types text[],
  p_json boolean[], p_offsets int[], p_data_sizes int[], p_metadata_sizes int[], p_payload bytea)
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
  insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata, recorded_at)
    select head + u.n, stream_nos[u.stream], u.revision, u.id, u.type, u.json, substr(p_payload, u.at, u.data_size),
      case when u.metadata_size is not null then substr(p_payload, u.at + u.data_size, u.metadata_size) end,
      timestamptz 'epoch' + u.time * interval '1 millisecond'
    from unnest(p_stream, p_revisions, p_times, p_ids, p_types, p_json, p_offsets, p_data_sizes, p_metadata_sizes)
      with ordinality as u (stream, revision, time, id, type, json, at, data_size, metadata_size, n);
  perform pg_notify('es_event', (head + n)::text);
  return query select 'ok', null::text, null::bigint, null::bigint;
end $$;

revoke all on function es.import_events(text[], int[], bigint[], bigint[], uuid[], text[], boolean[], int[], int[], int[], bytea)
  from public;
`;

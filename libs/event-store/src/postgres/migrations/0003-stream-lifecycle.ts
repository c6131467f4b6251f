/** Immutable: a change of the schema is a new migration. */
export const streamLifecycle = `
-- Expectations are numbers as in es.append. One row: ok | wrong | tombstoned, and the stream's last revision (-1 for none).
create function es.delete_stream(p_stream text, p_expected bigint, p_for_ever boolean)
returns table (outcome text, last_revision bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  stream record;
  last   bigint;
  live   boolean;
begin
  perform es.lock_log();
  select s.stream_no, s.state into stream from es.stream s where s.name = p_stream;
  select coalesce(max(e.revision), -1) into last from es.event e where e.stream_no = stream.stream_no;
  live := last >= 0 and stream.state = 0;
  if stream.state = 2 then
    return query select 'tombstoned', last;
  elsif not (case p_expected when -2 then true when -4 then live when -1 then not live else last = p_expected end) then
    return query select 'wrong', case when live or p_expected >= 0 then last else -1 end;
  else
    if p_for_ever then
      insert into es.stream as s (name, state) values (p_stream, 2) on conflict (name) do update set state = 2;
    elsif live then
      -- born_at is what makes a retried append with "no stream" after this recognisable as a retry.
      update es.stream s set state = 1, born_at = last + 1 where s.stream_no = stream.stream_no;
    end if;
    return query select 'ok', last;
  end if;
end $$;

-- Replaces the metadata as a whole. The revision is that of the metadata.
create function es.set_stream_metadata(
  p_stream text, p_expected bigint,
  p_max_count bigint, p_max_age_seconds double precision, p_truncate_before bigint, p_custom jsonb)
returns table (outcome text, last_revision bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  stream  record;
  version bigint;
begin
  perform es.lock_log();
  select s.state, s.meta_revision into stream from es.stream s where s.name = p_stream;
  version := coalesce(stream.meta_revision, -1);
  if stream.state = 2 then
    return query select 'tombstoned', version;
  elsif not (case p_expected when -2 then true when -4 then version >= 0 else version = p_expected end) then
    return query select 'wrong', version;
  else
    insert into es.stream as s (name, meta_revision, max_count, max_age, truncate_before, custom)
      values (p_stream, 0, p_max_count, make_interval(secs => p_max_age_seconds), coalesce(p_truncate_before, 0), p_custom)
      on conflict (name) do update set
        meta_revision = s.meta_revision + 1, max_count = excluded.max_count, max_age = excluded.max_age,
        truncate_before = excluded.truncate_before, custom = excluded.custom;
    return query select 'ok', version + 1;
  end if;
end $$;

revoke all on all functions in schema es from public;
`;

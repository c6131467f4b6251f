import type { ClientBase } from 'pg';

/**
 * Gives the tables and sequences in `schema` the owner and the rights of those with the same names among the live tables
 * `old`; a new one gets those of `read.checkpoint`, which every role that runs projections may use. A right on a column is
 * kept as long as there is that column. The owner's default privileges apply besides, as to every table.
 */
export async function copyRights(client: ClientBase, schema: string, old: readonly string[]): Promise<void> {
  for (const sql of [OWNERS, GRANTS]) {
    const { rows } = await client.query<{ statement: string }>(sql, [schema, old]);
    for (const { statement } of rows) await client.query(statement);
  }
}

/**
 * $1: the schema of the new relations; $2: names of the old tables. Each new table or sequence with its `model`: the old one
 * of its name, or else `read.checkpoint`.
 */
const PAIRS = `
  with live as (
    select oid, relname, false as is_sequence from pg_class
    where relnamespace = 'read'::regnamespace and relkind in ('r', 'p') and relname = any ($2)
    union all
    select s.oid, s.relname, true
    from pg_class s
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', 'i')
    join pg_class t on t.oid = d.refobjid
    where s.relkind = 'S' and t.relnamespace = 'read'::regnamespace and t.relname = any ($2)
  ),
  pair as (
    select made.oid, format('%s %I.%I', case made.relkind when 'S' then 'sequence' else 'table' end, $1::text, made.relname) as object,
           made.relkind = 'S' as is_sequence, made.relowner as owner, live.oid is null as fresh,
           coalesce(live.oid, 'read.checkpoint'::regclass) as model
    from pg_class made
    left join live on live.relname = made.relname and live.is_sequence = (made.relkind = 'S')
    where made.relnamespace = to_regnamespace(quote_ident($1)) and made.relkind in ('r', 'p', 'S')
  )`;

/** Sequences of identity columns follow their tables. */
const OWNERS = `${PAIRS}
  select format('alter %s owner to %I', object, pg_get_userbyid(c.relowner)) as statement
  from pair join pg_class c on c.oid = model
  where not is_sequence and c.relowner <> owner`;

/** A new sequence may be used by whoever may write checkpoints. */
const GRANTS = `${PAIRS},
  given as (
    select object, case when is_sequence and fresh then 'usage' else privilege_type end as privilege, grantee, is_grantable
    from pair join pg_class c on c.oid = model cross join aclexplode(c.relacl)
    where not (is_sequence and fresh) or privilege_type = 'INSERT'
    union all
    select object, format('%s (%I)', privilege_type, has.attname), grantee, is_grantable
    from pair
    join pg_attribute had on had.attrelid = model and had.attacl is not null and not had.attisdropped
    join pg_attribute has on has.attrelid = pair.oid and has.attname = had.attname and not has.attisdropped
    cross join aclexplode(had.attacl)
    where not is_sequence and not fresh
  )
  select format('grant %s on %s to %s%s', privilege, object,
                case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
                case when is_grantable then ' with grant option' else '' end) as statement
  from given`;

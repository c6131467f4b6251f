/** Rebuilds of each read model, beside a bare insert of the same rows. */

/** Rows in one insert and one transaction: as many as a rebuild has events in one. */
const ROWS = 500;

/** Writes events of a log as an archive would. */
export async function fill(store, events) {
  const revisions = new Map();
  let batch = [];
  let at = Date.UTC(2026, 10, 2, 8);
  let count = 0;
  for (const event of events) {
    const revision = (revisions.get(event.stream) ?? -1n) + 1n;
    revisions.set(event.stream, revision);
    batch.push({ ...event, revision, recordedAt: new Date((at += 1)) });
    count += 1;
    if (batch.length === 5_000) await store.importEvents(batch.splice(0));
  }
  await store.importEvents(batch);
  return count;
}

/** Seconds for inserting the rows of these tables into tables without indexes, batch by batch. */
async function bareInsert(pool, tables) {
  let seconds = 0;
  let count = 0;
  for (const table of tables) {
    await pool.query(`create table bare_${table} (like read.${table})`);
    const { rows } = await pool.query(`select to_json(t) as row from read.${table} t`);
    count += rows.length;
    const batches = [];
    for (let n = 0; n < rows.length; n += ROWS)
      batches.push(JSON.stringify(rows.slice(n, n + ROWS).map(({ row }) => row)));
    const begin = performance.now();
    for (const batch of batches)
      await pool.query(`insert into bare_${table} select * from json_populate_recordset(null::bare_${table}, $1)`, [
        batch,
      ]);
    seconds += (performance.now() - begin) / 1_000;
    await pool.query(`drop table bare_${table}`);
  }
  return { seconds, count };
}

/** Events a second of a rebuild, and of the bare insert as if it had read the same number of events. */
export async function rebuild({ rebuildReadModel, store, ownerUrl, pool, projector }) {
  const begin = performance.now();
  const { events } = await rebuildReadModel({ store, ownerUrl, projector });
  const seconds = (performance.now() - begin) / 1_000;
  const bare = await bareInsert(pool, projector.tables);
  return { events, perSecond: events / seconds, rows: bare.count, barePerSecond: events / bare.seconds };
}

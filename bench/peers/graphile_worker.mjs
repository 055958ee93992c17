// Times graphile-worker with no-op jobs. CONFIG=plain: its quick start with concurrency. CONFIG=tuned: with the local
// queue and the batched completion that its performance page advises.
import pg from "pg";
import { makeWorkerUtils, run } from "graphile-worker";

const jobs = Number(process.env.JOBS);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 24 });
pool.on("error", (error) => { throw error; });
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
const addJobs = "SELECT graphile_worker.add_job('noop', json_build_object('id', n)) FROM generate_series(1, $1) AS n";
await pool.query(addJobs, [jobs]);
await pool.query("VACUUM ANALYZE");
console.log("ready");
await new Promise((go) => process.stdin.once("data", go));
const started = process.hrtime.bigint();
let left = jobs;
let done;
const finished = new Promise((resolve) => (done = resolve));
const tuned = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const runner = await run({
  pgPool: pool,
  concurrency: 24,
  noHandleSignals: true,
  pollInterval: 100,
  logger: undefined,
  preset: { worker: process.env.CONFIG === "tuned" ? tuned : {} },
  taskList: { noop: async () => { left -= 1; if (left === 0) done(); } },
});
await finished;
await runner.stop();
// A job is done when its row is gone.
for (;;) {
  const { rows } = await pool.query("SELECT count(*)::int AS left FROM graphile_worker._private_jobs");
  if (rows[0].left === 0) break;
}
console.log(Number(process.hrtime.bigint() - started) / 1e9);
process.exit(0);

// Times pg-boss with no-op jobs in batches, as its documentation advises for throughput.
import { PgBoss } from "pg-boss";

const jobs = Number(process.env.JOBS);
const batch = 100;
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: 10, supervise: false, schedule: false });
boss.on("error", (error) => { throw error; });
await boss.start();
await boss.createQueue("noop");
for (let n = 0; n < jobs; n += 1000) {
  await boss.insert("noop", Array.from({ length: Math.min(1000, jobs - n) }, (_, i) => ({ data: { id: n + i } })));
}
console.log("ready");
await new Promise((go) => process.stdin.once("data", go));
const started = process.hrtime.bigint();
let left = jobs;
async function worker() {
  while (left > 0) {
    const taken = await boss.fetch("noop", { batchSize: batch });
    if (!taken.length) break;
    left -= taken.length;
    await boss.complete("noop", taken.map((job) => job.id));
  }
}
await Promise.all(Array.from({ length: 4 }, worker));
console.log(Number(process.hrtime.bigint() - started) / 1e9);
process.exit(0);

/**
 * An agent that publishes to the Message Orchestrator: JSON on its enqueue queue, through the AWS SDK.
 *
 * The address of the queue comes from ENQUEUE_QUEUE_URL; region, credentials and AWS_ENDPOINT_URL_SQS are read by the
 * SDK.
 */
import { randomBytes } from "node:crypto";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Message } from "./queue-messages.js";

/** Make a UUID version 7 (RFC 9562, section 5.7): its first 48 bits are the time, by which topics order messages. */
function uuid7(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Group messages for SQS's fair queues, so that an urgent one passes a bulk run. It orders nothing. */
function groupOf({ agentId, priority = "medium" }: Message): string {
  return priority === "urgent" ? `${agentId}_urgent`.replaceAll(" ", "_") : priority;
}

/**
 * Publish one message; returns its id, by which `orchestrator explain` finds it.
 *
 * The same id twice is one message: pass it to publish again after an error.
 */
async function queueMessage(sqs: SQSClient, queueUrl: string, message: Message, messageId = uuid7()): Promise<string> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: JSON.stringify({ ...message, messageId }),
      MessageGroupId: groupOf(message),
    }),
  );
  return messageId;
}

const queueUrl = process.env.ENQUEUE_QUEUE_URL;
if (!queueUrl) {
  throw new Error("ENQUEUE_QUEUE_URL is missing. Set it to the stack's output EnqueueQueueUrl.");
}
const messageId = await queueMessage(new SQSClient({}), queueUrl, {
  userId: "user_123",
  agentId: "solution_saga_workflow_456",
  messageData: {
    type: "solution_update",
    findings: { matchedInnovators: [{ name: "Acme Corp", reason: "Enterprise CRM" }] },
  },
  priority: "high",
  canDelay: true,
  requiresFreshContext: true,
});
console.log(`Message queued: ${messageId}`);

"""Benchmarks: throughput, latency, growth and cost, beside other job queues in the same run."""

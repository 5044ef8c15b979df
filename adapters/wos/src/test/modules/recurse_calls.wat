;; Calls itself without end, and the kernel at each level.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $deeper (param i64) (result i64)
    (drop (call $yield))
    (drop (call $time (i32.const 1) (i64.const 1) (i32.const 64)))
    (i64.add (i64.const 1) (call $deeper (i64.add (local.get 0) (i64.const 1)))))
  (func (export "_start") (drop (call $deeper (i64.const 0)))))

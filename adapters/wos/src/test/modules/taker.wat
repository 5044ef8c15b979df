;; Sleeps; asks which signal ended its sleep; ends with that number.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wos" "signal_take" (func $take (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\01\00\00\00")
  (data (i32.const 24) "\00\e8\76\48\17\00\00\00")
  (func (export "_start")
    (loop $more
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (drop (call $take (i32.const 200)))
      (br_if $more (i32.eqz (i32.load (i32.const 200))))
      (call $exit (i32.load (i32.const 200))))))

;; Sleeps for ever, a second at a time.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; a subscription: user data, tag 0 (clock), clock 1 (monotonic), one second
  (data (i32.const 16) "\01\00\00\00")
  (data (i32.const 24) "\00\ca\9a\3b\00\00\00\00")
  (func (export "_start")
    (loop $more
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $more))))

;; Spins for ever; a signal makes it store its number at 0; TERM makes it end with 42.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "wos_signal") (param $signal i32)
    (i32.store (i32.const 0) (local.get $signal))
    (if (i32.eq (local.get $signal) (i32.const 15)) (then (call $exit (i32.const 42)))))
  (func (export "_start")
    (loop $more
      (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))
      (br $more))))

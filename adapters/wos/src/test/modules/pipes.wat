;; Makes pipes until it is refused one. Ends with the error number.
(module
  (import "wos" "pipe" (func $pipe (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $error i32)
    (loop $more
      (local.set $error (call $pipe (i32.const 0)))
      (br_if $more (i32.eqz (local.get $error))))
    (call $exit (local.get $error))))

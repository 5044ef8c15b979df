;; Puts messages of 60000 bytes into a queue until it is refused one. Ends with the error number.
(module
  (import "wos" "queue_open" (func $open (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "queue")
  (func (export "_start") (local $error i32)
    (drop (call $open (i32.const 16) (i32.const 5) (i32.const 0)))
    (i32.store (i32.const 32) (i32.const 1024))
    (i32.store (i32.const 36) (i32.const 60000))
    (loop $more
      (local.set $error (call $write (i32.load (i32.const 0)) (i32.const 32) (i32.const 1) (i32.const 40)))
      (br_if $more (i32.eqz (local.get $error))))
    (call $exit (local.get $error))))

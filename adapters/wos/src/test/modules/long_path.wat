;; Opens a path of 64 MiB less one byte. Ends with the error number.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1024)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 97) (i32.const 67108864))
    (call $exit
      (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 67108863)
        (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))))

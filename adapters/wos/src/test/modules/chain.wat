;; The first starts a child and spins; each child starts the next one and ends.
(module
  (import "wos" "spawn" (func $spawn (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\00link")
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $spawn (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 8)))
    (if (i32.eq (i32.load (i32.const 0)) (i32.const 1))
      (then (loop $more (br $more))))))

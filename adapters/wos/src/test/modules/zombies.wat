;; Without arguments it leaves 60 dead children, with one argument one; with three it is such a child.
(module
  (import "wos" "spawn" (func $spawn (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1 1 shared)
  (data (i32.const 16) "\00a\00b\00c")
  (func (export "_start") (local $argc i32) (local $left i32)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (local.set $argc (i32.load (i32.const 0)))
    (if (i32.gt_u (local.get $argc) (i32.const 2)) (then (return)))
    (local.set $left (select (i32.const 60) (i32.const 1) (i32.eq (local.get $argc) (i32.const 1))))
    (loop $more
      (drop (call $spawn (i32.const 16) (i32.const 6) (i32.const 0) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))
    (i32.store (i32.const 1024) (i32.const 1))
    (drop (memory.atomic.wait32 (i32.const 0) (local.get $argc) (i64.const -1)))))

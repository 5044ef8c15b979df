;; Grows its table by ten, checks that it began with two.
(module
  (memory (export "memory") 1)
  (table $t 2 1000 funcref)
  (elem (i32.const 0) $f)
  (func $f)
  (func (export "_start")
    (if (i32.ne (table.size $t) (i32.const 2)) (then unreachable))
    (if (i32.ne (table.grow $t (ref.null func) (i32.const 10)) (i32.const 2)) (then unreachable))
    (if (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)) (then unreachable))))

;; Endless by br_table and by br_if.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (local $n i32)
    (loop $more
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.and (local.get $n) (i32.const 1)))
      (br_table $more $more $more (i32.and (local.get $n) (i32.const 3))))))

;; Endless without a loop: a function that calls another through a table, and returns.
(module
  (type $f (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $even $odd)
  (func $even (type $f) (i32.add (local.get 0) (i32.const 1)))
  (func $odd (type $f) (i32.sub (local.get 0) (i32.const 1)))
  (func (export "_start")
    (local $n i32)
    (loop $more
      (local.set $n (call_indirect (type $f) (local.get $n) (i32.and (local.get $n) (i32.const 1))))
      (br $more))))

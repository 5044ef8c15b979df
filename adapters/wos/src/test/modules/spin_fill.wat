;; Fills 64 MiB over and over, in one instruction each.
(module
  (memory (export "memory") 1024)
  (func (export "_start")
    (loop $more
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 67108863))
      (br $more))))

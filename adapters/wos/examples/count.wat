;; Counts for ever in its memory at 1024, so that somebody can see how far it came.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $more
      (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))
      (br $more))))

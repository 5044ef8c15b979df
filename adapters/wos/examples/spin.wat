;; The smallest loop there is: it never calls anything and never yields.
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $for_ever (br $for_ever))))

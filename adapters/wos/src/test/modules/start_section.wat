;; Is never done with its start function.
(module
  (memory (export "memory") 1)
  (func $spin (loop $more (br $more)))
  (func (export "_start"))
  (start $spin))

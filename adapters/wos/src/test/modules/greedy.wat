;; Wants 512 MiB from the beginning.
(module (memory (export "memory") 8192) (func (export "_start")))

package com.paiml.duende.linux.bpf;

/** Kinds of maps, {@code enum bpf_map_type} of {@code linux/bpf.h}. */
public enum MapType {
  HASH(1),
  ARRAY(2),
  /** One value for each processor: a program needs no atomic addition. */
  PERCPU_ARRAY(6),
  /** A queue from programs to one reader; the number of entries is its size in bytes, a power of two. */
  RINGBUF(27);

  private final int number;

  MapType(int number) {
    this.number = number;
  }

  /** The kernel's number for it. */
  public int number() {
    return number;
  }
}

package com.paiml.duende.observe.trace.ebpf;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Where a task has its thread group; the kernel's description is large, and read once, when it is needed. */
public final class GroupOffset {
  private @Nullable OptionalInt found;

  public synchronized OptionalInt get() {
    if (found == null) {
      found = KernelTypes.offset("task_struct", "tgid");
    }
    return found;
  }
}

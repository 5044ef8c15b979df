package com.paiml.duende.mlock;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.MemoryLocking;
import java.util.Set;

/** The process's memory, as the kernel has it. */
interface ProcessMemory {
  void lock(Set<MemoryLocking.Scope> scopes) throws LinuxException;

  void unlock() throws LinuxException;

  Standing standing() throws LinuxException;
}

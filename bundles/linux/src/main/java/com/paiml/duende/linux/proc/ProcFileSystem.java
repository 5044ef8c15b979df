package com.paiml.duende.linux.proc;

import com.paiml.duende.linux.kernel.LinuxException;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * {@code /proc}, read with the kernel's own error numbers, so that a process that is gone (empty) is
 * told from a table of descriptors that is full (an exception). Safe for several threads.
 */
@ProviderType
public interface ProcFileSystem {

  /** Clock ticks per second in {@link ProcessStat}, {@code USER_HZ}: 100 on both architectures. */
  int TICKS = 100;

  /** The numbers of all processes. */
  List<Integer> pids() throws LinuxException;

  /** One process's stat, empty when there is none of that number. */
  Optional<ProcessStat> stat(int pid) throws LinuxException;

  /** One process's status, empty when there is none of that number. */
  Optional<ProcessStatus> status(int pid) throws LinuxException;

  /**
   * Any text file below {@code /proc/PID}, for example {@code limits}; empty when the process is gone.
   *
   * @throws LinuxException {@code EACCES} when it belongs to somebody else
   */
  Optional<String> file(int pid, String name) throws LinuxException;

  /** The processes that descend from one, by the parents that they have now, nearest first. */
  List<Integer> descendants(int pid) throws LinuxException;

  /** The boot's UUID. */
  String bootId() throws LinuxException;
}

package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** How one version of control groups names and words its files. */
interface CgroupVersion {

  /**
   * Writes a limit into the files of that folder.
   *
   * @param untouched whether the controller's limits there are those that the kernel makes a group with: none
   */
  void write(Path folder, Setting setting, boolean untouched) throws LinuxException;

  /** Reads the files that belong to that limit. */
  List<InForce> read(Path folder, Setting setting) throws LinuxException;

  /** Processor time in nanoseconds, of the folder that has the account. */
  OptionalLong cpuNanos(Path folder) throws LinuxException;

  OptionalLong memory(Path folder) throws LinuxException;

  OptionalLong memoryPeak(Path folder) throws LinuxException;

  OptionalLong outOfMemoryKills(Path folder) throws LinuxException;

  /** Bytes read and written, in this order; null elements are not allowed, absent is empty. */
  List<OptionalLong> ioBytes(Path folder) throws LinuxException;

  /** Asks for all of the group to stop, or to go on. */
  void requestFrozen(Path folder, boolean frozen) throws LinuxException;

  boolean isFrozen(Path folder) throws LinuxException;

  Watch onOutOfMemory(Path folder, EventLoop loop, Runnable then) throws LinuxException;
}

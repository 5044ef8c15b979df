package com.paiml.duende.adapter.wos.fs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * What all processes' views of the host's files have in common. A path is walked and then used under {@link #stable()};
 * whoever could put a symbolic link where a directory was just seen holds {@link #changing()}. So no process can lead
 * another, or itself, out of a preopened directory between the look and the use.
 */
public final class HostTree {

  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final Set<RegularFile> open = ConcurrentHashMap.newKeySet();

  Lock stable() {
    return lock.readLock();
  }

  Lock changing() {
    return lock.writeLock();
  }

  Set<RegularFile> open() {
    return open;
  }

  /** {@return how many regular files are open} */
  public int openFiles() {
    return open.size();
  }
}

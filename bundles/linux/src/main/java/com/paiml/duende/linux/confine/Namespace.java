package com.paiml.duende.linux.confine;

/**
 * Namespaces that a program can get for itself, namespaces(7). A pid namespace is not among them: its
 * first process has to be an init.
 */
public enum Namespace {
  /** Mounts of its own: what it or its {@link MountRule}s mount, nobody else sees. */
  MOUNT(0x00020000),
  /** Cgroups seen from its own as the root. */
  CGROUP(0x02000000),
  /** Host name. */
  UTS(0x04000000),
  /** System V and POSIX message queues, semaphores, shared memory. */
  IPC(0x08000000),
  /** A network with nothing but a loopback interface, which is brought up. */
  NETWORK(0x40000000);

  private final int flag;

  Namespace(int flag) {
    this.flag = flag;
  }

  /** {@code CLONE_NEW*} of {@code linux/sched.h}. */
  public int flag() {
    return flag;
  }
}

package com.paiml.duende.linux.confine;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Everything that is in force before a program's first instruction. What is empty is left as this
 * process has it. Put in force in this order, first to last: cgroups, out-of-memory score,
 * namespaces, mounts, umask, nice, I/O priority, io-flusher, processors, resource limits, capabilities, user,
 * no_new_privs, paths, system calls.
 *
 * @param cgroups files to write a 0 to for joining a group, one per hierarchy, see {@code Cgroup}
 * @param oomScoreAdjust −1000 (never killed) to 1000 (killed first), proc(5)
 * @param namespaces new ones
 * @param joinedNamespaces existing ones, as files below {@code /proc/PID/ns} or {@code /run/netns}
 * @param mounts in this order
 * @param umask permission bits that new files do not get
 * @param nice −20 (favoured) to 19
 * @param ioPriority priority of disk I/O
 * @param ioFlusher whether it is marked as one that I/O depends on, so that the kernel never makes it wait for pages to be
 *     written while it looks for memory; its threads and children are too. PR_SET_IO_FLUSHER(2const), since Linux 5.6
 * @param processors numbers of the processors that it may run on; empty for all
 * @param limits resource limits
 * @param capabilities all that it can ever have; the bounding set is cut to these too
 * @param user who it runs as
 * @param noNewPrivileges whether execve can no longer give it more rights; implied by paths and
 *     system calls
 * @param paths where it may touch the file system at all; empty in the list for nowhere
 * @param systemCalls which system calls it may make
 */
public record Confinement(
    List<Path> cgroups,
    OptionalInt oomScoreAdjust,
    Set<Namespace> namespaces,
    List<Path> joinedNamespaces,
    List<MountRule> mounts,
    OptionalInt umask,
    OptionalInt nice,
    Optional<IoPriority> ioPriority,
    boolean ioFlusher,
    List<Integer> processors,
    Map<Resource, Limit> limits,
    Optional<Set<Capability>> capabilities,
    Optional<Credentials> user,
    boolean noNewPrivileges,
    Optional<List<PathRule>> paths,
    Optional<SyscallFilter> systemCalls) {

  private static final Confinement NONE = builder().build();

  /** Copies the collections. */
  public Confinement {
    cgroups = List.copyOf(cgroups);
    namespaces = Set.copyOf(namespaces);
    joinedNamespaces = List.copyOf(joinedNamespaces);
    mounts = List.copyOf(mounts);
    processors = List.copyOf(processors);
    limits = Map.copyOf(limits);
    capabilities = capabilities.map(Set::copyOf);
    paths = paths.map(List::copyOf);
  }

  /** Nothing at all. */
  public static Confinement none() {
    return NONE;
  }

  /** Whether nothing is asked, so that the program can be started without a step in between. */
  public boolean isNone() {
    return equals(NONE);
  }

  /** Starts with nothing asked. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what is asked. Not for several threads. */
  public static final class Builder {
    private final List<Path> cgroups = new ArrayList<>();
    private OptionalInt oomScoreAdjust = OptionalInt.empty();
    private final Set<Namespace> namespaces = EnumSet.noneOf(Namespace.class);
    private final List<Path> joinedNamespaces = new ArrayList<>();
    private final List<MountRule> mounts = new ArrayList<>();
    private OptionalInt umask = OptionalInt.empty();
    private OptionalInt nice = OptionalInt.empty();
    private Optional<IoPriority> ioPriority = Optional.empty();
    private boolean ioFlusher;
    private final List<Integer> processors = new ArrayList<>();
    private final Map<Resource, Limit> limits = new EnumMap<>(Resource.class);
    private Optional<Set<Capability>> capabilities = Optional.empty();
    private Optional<Credentials> user = Optional.empty();
    private boolean noNewPrivileges;
    private Optional<List<PathRule>> paths = Optional.empty();
    private Optional<SyscallFilter> systemCalls = Optional.empty();

    private Builder() {}

    /** In the group that this {@code tasks} or {@code cgroup.procs} file belongs to. */
    @CanIgnoreReturnValue
    public Builder cgroup(Path joinFile) {
      cgroups.add(joinFile);
      return this;
    }

    /** −1000 to 1000. */
    @CanIgnoreReturnValue
    public Builder oomScoreAdjust(int score) {
      oomScoreAdjust = OptionalInt.of(score);
      return this;
    }

    /** In a namespace of its own. */
    @CanIgnoreReturnValue
    public Builder namespace(Namespace own) {
      namespaces.add(own);
      return this;
    }

    /** In the namespace that this file stands for. */
    @CanIgnoreReturnValue
    public Builder join(Path namespaceFile) {
      joinedNamespaces.add(namespaceFile);
      return this;
    }

    /** With that mount, and mounts of its own. */
    @CanIgnoreReturnValue
    public Builder mount(MountRule rule) {
      mounts.add(rule);
      namespaces.add(Namespace.MOUNT);
      return this;
    }

    /** Marked as one that I/O depends on; takes CAP_SYS_RESOURCE. */
    @CanIgnoreReturnValue
    public Builder ioFlusher() {
      ioFlusher = true;
      return this;
    }

    /** Permission bits that new files do not get, 0 to 0777. */
    @CanIgnoreReturnValue
    public Builder umask(int bits) {
      umask = OptionalInt.of(bits);
      return this;
    }

    /** −20 to 19. */
    @CanIgnoreReturnValue
    public Builder nice(int value) {
      nice = OptionalInt.of(value);
      return this;
    }

    /** With that priority of disk I/O. */
    @CanIgnoreReturnValue
    public Builder ioPriority(IoPriority priority) {
      ioPriority = Optional.of(priority);
      return this;
    }

    /** On that processor too. */
    @CanIgnoreReturnValue
    public Builder processor(int number) {
      processors.add(number);
      return this;
    }

    /** With that limit. */
    @CanIgnoreReturnValue
    public Builder limit(Resource resource, Limit limit) {
      limits.put(resource, limit);
      return this;
    }

    /** With no more than these. */
    @CanIgnoreReturnValue
    public Builder capabilities(Set<Capability> all) {
      capabilities = Optional.of(all);
      return this;
    }

    /** As that user. */
    @CanIgnoreReturnValue
    public Builder user(Credentials credentials) {
      user = Optional.of(credentials);
      return this;
    }

    /** Execve gives no more rights. */
    @CanIgnoreReturnValue
    public Builder noNewPrivileges() {
      noNewPrivileges = true;
      return this;
    }

    /** Touching the file system only as these say. */
    @CanIgnoreReturnValue
    public Builder paths(List<PathRule> rules) {
      paths = Optional.of(rules);
      return this;
    }

    /** Making only these system calls. */
    @CanIgnoreReturnValue
    public Builder systemCalls(SyscallFilter filter) {
      systemCalls = Optional.of(filter);
      return this;
    }

    /** What was collected. */
    public Confinement build() {
      return new Confinement(
          cgroups,
          oomScoreAdjust,
          namespaces,
          joinedNamespaces,
          mounts,
          umask,
          nice,
          ioPriority,
          ioFlusher,
          processors,
          limits,
          capabilities,
          user,
          noNewPrivileges,
          paths,
          systemCalls);
    }
  }
}

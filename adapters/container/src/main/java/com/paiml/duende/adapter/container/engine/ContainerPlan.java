package com.paiml.duende.adapter.container.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A container to be made; everything decided.
 *
 * @param name of the container
 * @param image reference
 * @param labels on it
 * @param entrypoint replaces the image's; empty: the image's
 * @param command the arguments; empty with an empty entrypoint: the image's
 * @param env {@code NAME=VALUE}
 * @param workingDir empty: the image's
 * @param user {@code USER[:GROUP]}; empty: the image's
 * @param mounts what it sees of the machine
 * @param network {@code none}, {@code host}, {@code bridge} or the name of one
 * @param ports published
 * @param limits what it may take
 * @param capabilities the only ones left; empty optional: the engine's choice
 * @param addedCapabilities beyond the engine's choice
 * @param noNewPrivs PR_SET_NO_NEW_PRIVS
 * @param seccomp a profile as JSON, or {@code unconfined}; empty: the engine's own
 * @param readOnly whether its own file system is read-only
 * @param init whether a small init is its first process
 * @param stopSignal for stops that somebody else asks of the engine
 * @param stopTimeout likewise
 * @param restart whether and how the engine restarts it
 * @param health a check that the engine makes; empty: the image's
 * @param log how much of its output is kept
 * @param logFile where output goes with engines that keep no logs
 */
public record ContainerPlan(
    String name,
    String image,
    Map<String, String> labels,
    List<String> entrypoint,
    List<String> command,
    List<String> env,
    String workingDir,
    String user,
    List<Mount> mounts,
    String network,
    List<Port> ports,
    Limits limits,
    Optional<List<String>> capabilities,
    List<String> addedCapabilities,
    boolean noNewPrivs,
    String seccomp,
    boolean readOnly,
    boolean init,
    int stopSignal,
    Duration stopTimeout,
    Restart restart,
    Optional<Health> health,
    Log log,
    String logFile) {

  /** Kinds of mounts. */
  public enum MountType {
    BIND,
    VOLUME,
    TMPFS
  }

  /**
   * @param source path of the machine, or name of the volume; empty for tmpfs
   * @param target path in the container
   * @param tmpfsBytes size of a tmpfs; 0: the kernel's default
   */
  public record Mount(
      MountType type, String source, String target, boolean readOnly, long tmpfsBytes) {}

  /**
   * @param hostAddress empty: all addresses
   * @param hostPort 0: any free one
   * @param protocol {@code tcp}, {@code udp} or {@code sctp}
   */
  public record Port(String hostAddress, int hostPort, int containerPort, String protocol) {}

  /**
   * Zero means no limit, except for shares, where it means the kernel's default.
   *
   * @param cpuQuota percent of one core
   * @param lockMemory whether memory may be locked without limit
   */
  public record Limits(
      long memory,
      long memorySwap,
      double cpuQuota,
      long cpuShares,
      long pids,
      long openFiles,
      boolean lockMemory) {}

  /**
   * @param policy {@code no}, {@code always}, {@code unless-stopped} or {@code on-failure}
   * @param retries for {@code on-failure}; 0: without end
   */
  public record Restart(String policy, int retries) {
    public static final Restart NO = new Restart("no", 0);

    public boolean isOn() {
      return !policy.equals("no");
    }
  }

  /** @param command program and arguments; healthy at exit status 0 */
  public record Health(
      List<String> command,
      Duration interval,
      Duration timeout,
      int retries,
      Duration startPeriod) {
    public Health {
      command = List.copyOf(command);
    }
  }

  /**
   * @param maxSize bytes of one file
   * @param keep files beside the newest
   */
  public record Log(long maxSize, int keep) {}

  public ContainerPlan {
    labels = Map.copyOf(labels);
    entrypoint = List.copyOf(entrypoint);
    command = List.copyOf(command);
    env = List.copyOf(env);
    mounts = List.copyOf(mounts);
    ports = List.copyOf(ports);
    capabilities = capabilities.map(List::copyOf);
    addedCapabilities = List.copyOf(addedCapabilities);
  }
}

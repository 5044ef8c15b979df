package com.paiml.duende.adapter.systemd.unit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which version of systemd was the first to know a property of services, for those that are still in use without it; NEWS. */
public final class Newcomers {
  private static final Pattern REFUSED =
      Pattern.compile("Cannot set property ([A-Za-z]+), or unknown property");

  private static final Map<Integer, List<String>> BY_VERSION =
      Map.of(
          247,
              List.of(
                  "SystemCallLog",
                  "ProtectProc",
                  "ProcSubset",
                  "LoadCredential",
                  "SetCredential",
                  "MountImages",
                  "ManagedOOMSwap",
                  "ManagedOOMMemoryPressure"),
          248,
              List.of(
                  "PrivateIPC",
                  "IPCNamespacePath",
                  "ExtensionImages",
                  "ExecPaths",
                  "NoExecPaths",
                  "ManagedOOMPreference"),
          249, List.of("SocketBindAllow", "SocketBindDeny", "BPFProgram"),
          250,
              List.of(
                  "ExecSearchPath",
                  "RestrictFileSystems",
                  "RestrictNetworkInterfaces",
                  "ExitType",
                  "LoadCredentialEncrypted",
                  "SetCredentialEncrypted"),
          251, List.of("ExtensionDirectories"),
          253, List.of("OpenFile", "MemoryZSwapMax", "LogFilterPatterns"),
          254,
              List.of(
                  "RestartMode",
                  "RestartSteps",
                  "RestartMaxDelayUSec",
                  "MemoryPressureWatch",
                  "MemoryPressureThresholdUSec",
                  "MemoryKSM",
                  "FileDescriptorStorePreserve",
                  "DelegateSubgroup",
                  "ImportCredential",
                  "RootEphemeral"),
          255,
              List.of("SurviveFinalKillSignal", "CoredumpReceive", "NFTSet", "SetLoginEnvironment"),
          256, List.of("MemoryZSwapWriteback"),
          257, List.of("PrivatePIDs"));

  private static final Map<String, Integer> SINCE = since();

  private Newcomers() {}

  private static Map<String, Integer> since() {
    Map<String, Integer> since = new HashMap<>();
    BY_VERSION.forEach((version, names) -> names.forEach(name -> since.put(name, version)));
    return Map.copyOf(since);
  }

  /** The first version that knows it; empty when it is older than these, or nobody's. */
  static OptionalInt firstToKnow(String property) {
    Integer version = SINCE.get(property);
    return version == null ? OptionalInt.empty() : OptionalInt.of(version);
  }

  /** What is to be done about a property that is not known: the version that knows it, or where versions are told. */
  public static String remedy(String property) {
    OptionalInt first = firstToKnow(property);
    return first.isPresent()
        ? property + " needs systemd " + first.getAsInt() + " or later"
        : "systemd.directives(7) names those of each version";
  }

  /** The same for a property that systemd itself has refused, in its words. */
  public static String remedyOf(String refusal) {
    Matcher refused = REFUSED.matcher(refusal);
    return refused.find()
        ? remedy(refused.group(1))
        : "correct the daemon file; what a version knows is in systemd.directives(7)";
  }
}

package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.engine.PullPolicy;
import com.paiml.duende.spi.TableSchema;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The table {@code [container]} of a daemon file.
 *
 * @param engine empty: the first that is there
 * @param socket empty: its usual places
 * @param pull when the image is fetched
 * @param digest the image has to have; empty: any
 * @param mounts what it sees of the machine
 * @param ports published
 * @param network empty: the engine's default
 * @param init whether a small init is its first process
 * @param readOnly whether its own files are read-only
 * @param addedCapabilities beyond the engine's choice
 * @param seccomp empty: the engine's own profile; {@code unconfined}; or a file
 * @param classImage runs daemon classes
 * @param faults what is wrong with it, in words for people
 */
record ContainerTable(
    Optional<EngineKind> engine,
    Optional<Path> socket,
    PullPolicy pull,
    String digest,
    List<ContainerPlan.Mount> mounts,
    List<ContainerPlan.Port> ports,
    String network,
    boolean init,
    boolean readOnly,
    List<String> addedCapabilities,
    String seccomp,
    String classImage,
    List<String> faults) {

  static final String NAME = "container";
  static final String CLASS_IMAGE = "duende/host:latest";
  static final String UNCONFINED = "unconfined";

  static final TableSchema SCHEMA =
      new TableSchema(
          NAME,
          List.of(
              new TableSchema.Key(
                  "engine",
                  TableSchema.Type.STRING,
                  "auto",
                  Set.of("auto", "docker", "podman", "containerd"),
                  "which engine runs it; auto takes the first that is there"),
              TableSchema.Key.of(
                  "socket",
                  TableSchema.Type.STRING,
                  "",
                  "where the engine listens, when not in its usual place"),
              new TableSchema.Key(
                  "pull",
                  TableSchema.Type.STRING,
                  "missing",
                  Set.of("never", "missing", "always"),
                  "when the image is fetched from its registry"),
              TableSchema.Key.of(
                  "digest",
                  TableSchema.Type.STRING,
                  "",
                  "sha256:…, which the image (or the registry's manifest of it) must have"),
              TableSchema.Key.of(
                  "mounts",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "type=bind,src=/srv,dst=/srv,ro; type=volume,src=NAME,dst=/data;"
                      + " type=tmpfs,dst=/tmp,size=64m"),
              TableSchema.Key.of(
                  "ports",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "published ports, [ADDRESS:]PORT:PORT[/udp]; without an address 127.0.0.1"),
              TableSchema.Key.of(
                  "network",
                  TableSchema.Type.STRING,
                  "",
                  "none, host, bridge or the name of a network; nothing: the engine's default"),
              TableSchema.Key.of(
                  "init",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "whether the engine's small init is its first process: reaps, passes signals on"),
              TableSchema.Key.of(
                  "read_only",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "whether its own file system is read-only"),
              TableSchema.Key.of(
                  "capabilities_add",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "capabilities beyond the engine's choice, such as IPC_LOCK"),
              TableSchema.Key.of(
                  "seccomp",
                  TableSchema.Type.STRING,
                  "",
                  "unconfined, or a file with a profile; nothing: the engine's own"),
              TableSchema.Key.of(
                  "class_image",
                  TableSchema.Type.STRING,
                  CLASS_IMAGE,
                  "the image that runs daemon classes; made by \"duende image build\""),
              TableSchema.Key.of(
                  "jvm_flags",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "flags of the JVM of a daemon class, in place of Duende's own")));

  static ContainerTable of(Map<String, Object> table) {
    List<String> faults = new ArrayList<>();
    List<ContainerPlan.Mount> mounts = new ArrayList<>();
    for (String text : texts(table, "mounts")) {
      MountSyntax.parse(text, faults).ifPresent(mounts::add);
    }
    List<ContainerPlan.Port> ports = new ArrayList<>();
    for (String text : texts(table, "ports")) {
      PortSyntax.parse(text, faults).ifPresent(ports::add);
    }
    String network = text(table, "network", "");
    if (!ports.isEmpty() && (network.equals("none") || network.equals("host"))) {
      faults.add(
          "[container] ports cannot be published from network \"" + network + "\"; take another");
    }
    String digest = text(table, "digest", "");
    if (!digest.isEmpty() && !digest.matches("sha256:[0-9a-f]{64}")) {
      faults.add("[container] digest is no digest; write sha256: and 64 hexadecimal digits");
    }
    String socket = text(table, "socket", "");
    if (!socket.isEmpty() && !Path.of(socket).isAbsolute()) {
      faults.add("[container] socket is no absolute path; write it from / on");
    }
    Optional<EngineKind> engine = EngineKind.parse(text(table, "engine", "auto"));
    if (!socket.isEmpty() && engine.isEmpty()) {
      faults.add("[container] socket needs engine: say which one listens there");
    }
    return new ContainerTable(
        engine,
        socket.isEmpty() ? Optional.empty() : Optional.of(Path.of(socket)),
        PullPolicy.valueOf(text(table, "pull", "missing").toUpperCase(java.util.Locale.ROOT)),
        digest,
        mounts,
        ports,
        network,
        Boolean.TRUE.equals(table.get("init")),
        Boolean.TRUE.equals(table.get("read_only")),
        texts(table, "capabilities_add").stream().map(ContainerTable::capability).toList(),
        text(table, "seccomp", ""),
        text(table, "class_image", CLASS_IMAGE),
        faults);
  }

  /** Engines name them with or without the prefix; this is the form of capabilities(7). */
  static String capability(String name) {
    String upper = name.toUpperCase(java.util.Locale.ROOT);
    return upper.startsWith("CAP_") || upper.equals("ALL") ? upper : "CAP_" + upper;
  }

  private static String text(Map<String, Object> table, String key, String otherwise) {
    return String.valueOf(table.getOrDefault(key, otherwise));
  }

  private static List<String> texts(Map<String, Object> table, String key) {
    return table.get(key) instanceof List<?> list
        ? list.stream().map(String::valueOf).toList()
        : List.of();
  }
}

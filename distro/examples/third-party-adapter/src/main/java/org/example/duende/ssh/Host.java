package org.example.duende.ssh;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a machine is reached: what {@code [ssh]} of a daemon file says of it.
 *
 * @param host name, address, or a Host of ssh_config(5); {@code USER@HOST} too
 * @param port 0: as ssh has it
 * @param identity private key; empty: as ssh has it
 * @param knownHosts file of host keys; empty: as ssh has it
 * @param directory on that machine; empty: {@code .duende} in the home directory
 */
record Host(String host, long port, String identity, String knownHosts, String directory) {

  static Host of(String daemon, Map<String, ?> table) throws DaemonException {
    String host = text(table, "host");
    if (host.isBlank() || host.startsWith("-")) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          "names no host",
          "write host = \"user@box\" under [ssh]");
    }
    long port = table.get("port") instanceof Number n ? n.longValue() : 0;
    if (port < 0 || port > 65_535) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, daemon, "names port " + port, "a port is 1 to 65535");
    }
    return new Host(
        host, port, text(table, "identity"), text(table, "known_hosts"), text(table, "directory"));
  }

  private static String text(Map<String, ?> table, String key) {
    Object value = table.get(key);
    return value == null ? "" : value.toString();
  }

  /** The same from a handle. */
  static Host ofHandle(Map<String, String> data) throws DaemonException {
    return of(
        data.getOrDefault("run", "a daemon"),
        data.containsKey("port") ? merge(data, "port", Long.valueOf(data.get("port"))) : data);
  }

  private static Map<String, Object> merge(Map<String, String> data, String key, Object value) {
    Map<String, Object> all = new java.util.HashMap<>(data);
    all.put(key, value);
    return all;
  }

  /** For a handle. */
  Map<String, String> data() {
    Map<String, String> data = new java.util.HashMap<>();
    data.put("host", host);
    data.put("port", Long.toString(port));
    data.put("identity", identity);
    data.put("known_hosts", knownHosts);
    data.put("directory", directory);
    return data;
  }

  /**
   * The command line that reaches it. {@code remote} is given to the far user's shell: never anything but a constant.
   *
   * @param program where ssh is
   */
  List<String> command(Path program, int connectSeconds, String remote) {
    List<String> line = new ArrayList<>(List.of(program.toString(), "-T"));
    for (String option :
        List.of(
            "BatchMode=yes",
            "ClearAllForwardings=yes",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=3",
            "ConnectTimeout=" + connectSeconds)) {
      line.addAll(List.of("-o", option));
    }
    if (port > 0) {
      line.addAll(List.of("-p", Long.toString(port)));
    }
    if (!identity.isEmpty()) {
      line.addAll(List.of("-i", identity, "-o", "IdentitiesOnly=yes"));
    }
    if (!knownHosts.isEmpty()) {
      line.addAll(List.of("-o", "UserKnownHostsFile=" + knownHosts));
    }
    line.addAll(List.of("--", host, remote));
    return line;
  }
}

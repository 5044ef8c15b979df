package com.paiml.duende.manager.file;

import com.paiml.duende.spi.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A container with the adapters native and container, and a plug-in that has a key of every type. */
final class Here implements Surroundings {
  final Map<String, TableSchema> tables = new TreeMap<>();
  boolean policy = true;

  Here() {
    put("native", new TableSchema.Key("process", TableSchema.Type.BOOLEAN, "false", Set.of(), ""));
    put(
        "container",
        new TableSchema.Key(
            "engine", TableSchema.Type.STRING, "auto", Set.of("auto", "docker", "podman"), ""),
        new TableSchema.Key("ports", TableSchema.Type.STRING_LIST, "", Set.of(), ""));
    put("systemd", new TableSchema.Key("properties", TableSchema.Type.TABLE, "", Set.of(), ""));
    put(
        "plug-in",
        new TableSchema.Key("text", TableSchema.Type.STRING, "", Set.of(), ""),
        new TableSchema.Key("count", TableSchema.Type.INTEGER, "1", Set.of(), ""),
        new TableSchema.Key("ratio", TableSchema.Type.NUMBER, "1.0", Set.of(), ""),
        new TableSchema.Key("on", TableSchema.Type.BOOLEAN, "true", Set.of(), ""),
        new TableSchema.Key("wait", TableSchema.Type.DURATION, "1s", Set.of(), ""),
        new TableSchema.Key("room", TableSchema.Type.SIZE, "1MiB", Set.of(), ""),
        new TableSchema.Key("list", TableSchema.Type.STRING_LIST, "", Set.of(), ""),
        new TableSchema.Key("more", TableSchema.Type.TABLE, "", Set.of(), ""));
  }

  private void put(String platform, TableSchema.Key... keys) {
    tables.put(platform, new TableSchema(platform, List.of(keys)));
  }

  DaemonFileReader reader() {
    return new DaemonFileReader(this, new LocalFiles("/usr/bin:/bin"));
  }

  @Override
  public Optional<TableSchema> table(String platform) {
    return Optional.ofNullable(tables.get(platform));
  }

  @Override
  public Set<String> platforms() {
    return tables.keySet();
  }

  @Override
  public boolean hasPolicyEngine() {
    return policy;
  }
}

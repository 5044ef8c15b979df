package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.fs.Preopens;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.TableSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The table {@code [wos]} of a daemon file.
 *
 * @param priority its level
 * @param preopens directories of the host that it is given
 */
record WosTable(Priority priority, List<Preopen> preopens) {

  static final TableSchema SCHEMA =
      new TableSchema(
          WosAdapter.NAME,
          List.of(
              new TableSchema.Key(
                  "priority",
                  TableSchema.Type.STRING,
                  Priority.DEFAULT.word(),
                  Arrays.stream(Priority.values())
                      .map(Priority::word)
                      .collect(Collectors.toUnmodifiableSet()),
                  "which of the eight levels it runs at, critical first, idle last"),
              TableSchema.Key.of(
                  "preopen",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "directories that it is given, HOST:GUEST or HOST:GUEST:ro; nothing else of the"
                      + " host's files can be reached")));

  WosTable {
    preopens = List.copyOf(preopens);
  }

  static WosTable of(String daemon, Map<String, Object> table) throws DaemonException {
    String word = String.valueOf(table.getOrDefault("priority", Priority.DEFAULT.word()));
    Priority priority =
        Priority.parse(word)
            .orElseThrow(
                () ->
                    fault(
                        daemon,
                        "priority",
                        "\"" + word + "\" is not a priority",
                        "say one of " + Priority.words()));
    List<Preopen> preopens = new ArrayList<>();
    if (table.get("preopen") instanceof List<?> texts) {
      for (Object text : texts) {
        preopens.add(Preopens.parse(daemon + ": [wos] preopen", String.valueOf(text)));
      }
    }
    return new WosTable(priority, preopens);
  }

  private static DaemonException fault(String daemon, String key, String problem, String remedy) {
    return new DaemonException(ErrorCode.CONFIGURATION, daemon + ": [wos] " + key, problem, remedy);
  }
}

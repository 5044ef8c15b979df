package com.paiml.duende.adapter.wos.wasi;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One test of the public suite: a module, and what the JSON file beside it asks for.
 *
 * @param suite whose it is: {@code c}, {@code rust}, {@code assemblyscript}
 * @param env {@code NAME=VALUE}
 * @param root the directory that a copy of is preopened
 */
record SuiteTest(
    String suite,
    String name,
    Path module,
    List<String> args,
    List<String> env,
    Optional<Path> root,
    int exitCode,
    Optional<String> output) {

  static SuiteTest of(String suite, Path module) throws IOException {
    String name = module.getFileName().toString().replaceAll("\\.wasm$", "");
    Path file = module.resolveSibling(name + ".json");
    Map<String, Object> wanted =
        Files.exists(file) ? JSON.std.mapFrom(Files.readString(file)) : Map.of();
    return new SuiteTest(
        suite,
        name,
        module,
        wanted.get("args") instanceof List<?> all
            ? all.stream().map(String::valueOf).toList()
            : List.of(),
        wanted.get("env") instanceof Map<?, ?> all
            ? all.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList()
            : List.of(),
        Optional.ofNullable(wanted.get("root")).map(r -> module.resolveSibling((String) r)),
        wanted.get("exit_code") instanceof Number code ? code.intValue() : 0,
        Optional.ofNullable(wanted.get("stdout")).map(String::valueOf));
  }
}

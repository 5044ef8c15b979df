package com.paiml.duende.adapter.wos.wasi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The public test suite of WASI, its modules for preview 1. They are not part of this project: check out the branch
 * {@code prod/testsuite-base} of github.com/WebAssembly/wasi-testsuite, and give its folder {@code tests} by
 * {@code -Dwasi.testsuite=FOLDER}.
 */
class WasiSuiteTest {

  private static final String PROPERTY = "wasi.testsuite";
  private static final String STRING = "\"((?:[^\"\\\\]|\\\\.)*)\"";

  /** What a test wants, from the JSON file beside it. */
  private record Wanted(
      List<String> args, List<String> env, boolean root, int code, String output) {

    static Wanted of(Path module) throws IOException {
      Path file = module.resolveSibling(name(module) + ".json");
      String json = Files.exists(file) ? Files.readString(file) : "{}";
      List<String> env = new ArrayList<>();
      Matcher pairs =
          Pattern.compile(STRING + "\\s*:\\s*" + STRING)
              .matcher(group(json, "\"env\"\\s*:\\s*\\{(.*?)}"));
      while (pairs.find()) {
        env.add(plain(pairs.group(1)) + "=" + plain(pairs.group(2)));
      }
      List<String> args = new ArrayList<>();
      Matcher each = Pattern.compile(STRING).matcher(group(json, "\"args\"\\s*:\\s*\\[(.*?)]"));
      while (each.find()) {
        args.add(plain(each.group(1)));
      }
      String code = group(json, "\"exit_code\"\\s*:\\s*(\\d+)");
      return new Wanted(
          args,
          env,
          json.contains("\"root\""),
          code.isEmpty() ? 0 : Integer.parseInt(code),
          plain(group(json, "\"stdout\"\\s*:\\s*" + STRING)));
    }

    private static String group(String json, String pattern) {
      Matcher m = Pattern.compile(pattern, Pattern.DOTALL).matcher(json);
      return m.find() ? m.group(1) : "";
    }

    private static String plain(String escaped) {
      return escaped.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    }
  }

  private static String name(Path module) {
    return module.getFileName().toString().replaceAll("\\.wasm$", "");
  }

  @Test
  void given_the_public_suite_when_its_modules_run_then_all_of_them_pass(@TempDir Path temp)
      throws Exception {
    String folder = System.getProperty(PROPERTY, "");
    assumeTrue(
        !folder.isEmpty(),
        "the public WASI test suite is not here: give its folder \"tests\" by -D"
            + PROPERTY
            + "=FOLDER");
    List<Path> modules;
    try (Stream<Path> all = Files.walk(Path.of(folder))) {
      modules =
          all.filter(
                  p ->
                      p.toString().contains("testsuite/wasm32-wasip1")
                          && p.toString().endsWith(".wasm"))
              .sorted()
              .toList();
    }
    Map<String, String> failed = new TreeMap<>();
    for (Path module : modules) {
      run(module, temp.toRealPath()).ifPresent(why -> failed.put(name(module), why));
    }
    System.out.println(
        "WASI test suite: " + (modules.size() - failed.size()) + " of " + modules.size() + " pass");
    failed.forEach((name, why) -> System.out.println("  " + name + ": " + why));
    assertEquals(72, modules.size(), "modules found below " + folder);
    assertEquals(Map.of(), failed);
  }

  private static java.util.Optional<String> run(Path module, Path temp) throws Exception {
    Wanted wanted = Wanted.of(module);
    Path root = temp.resolve(name(module));
    if (wanted.root()) {
      copy(module.resolveSibling("fs-tests.dir"), root);
    }
    List<String> args = new ArrayList<>(List.of(module.getFileName().toString()));
    args.addAll(wanted.args());
    Machine.Log out = new Machine.Log();
    Machine.Log err = new Machine.Log();
    SessionSpec spec =
        SessionSpec.of(name(module))
            .args(args.toArray(String[]::new))
            .env(wanted.env())
            .preopens(wanted.root() ? List.of(new Preopen(root, "/", false)) : List.of())
            .output(out::write, err::write);
    try (Machine m = new Machine(1)) {
      Image image = m.kernel.images().get(module, Machine.PATIENCE);
      ExitStatus status = m.kernel.start(spec, image).await(Machine.PATIENCE);
      if (!status.equals(new ExitStatus.Exited(wanted.code()))) {
        return java.util.Optional.of(status.describe() + " " + err.text().strip());
      }
      if (!wanted.output().isEmpty() && !out.text().equals(wanted.output())) {
        return java.util.Optional.of("printed " + out.text());
      }
      return java.util.Optional.empty();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Files.copy(p, to.resolve(from.relativize(p).toString()));
      }
    }
  }
}

package com.paiml.duende.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Children of a test: none outlives it. */
public final class Children {
  private Children() {}

  public static SpawnRequest shell(String script) {
    return SpawnRequest.of(Path.of("/bin/sh"), List.of("-c", script))
        .withEnvironment(List.of("PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
  }

  /** Waits for the end; kills what does not end by itself. */
  public static ExitStatus end(Pidfd child) throws Exception {
    try (child) {
      if (!child.awaitEnd(Await.LONG)) {
        kill(child);
        throw new AssertionError("the child did not end by itself");
      }
      return child.reap().orElseThrow();
    }
  }

  public static void kill(Pidfd child) throws Exception {
    child.sendSignalToGroup(9);
    child.sendSignal(9);
    if (!child.awaitEnd(Await.LONG)) {
      throw new AssertionError("pid " + child.pid() + " does not die");
    }
    child.reap();
  }

  /** What it says on both streams, when it exits with 0. */
  public static String output(Spawner spawner, SpawnRequest request) throws Exception {
    Path out = Files.createTempFile("duende-linux", ".out");
    try {
      Stdio file = new Stdio.Append(out);
      ExitStatus status = end(spawner.spawn(request.withStdio(new Stdio.Null(), file, file)));
      String said = Files.readString(out);
      assertEquals(new ExitStatus.Exited(0), status, said);
      return said;
    } finally {
      Files.delete(out);
    }
  }
}

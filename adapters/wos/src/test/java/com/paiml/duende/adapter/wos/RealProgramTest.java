package com.paiml.duende.adapter.wos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that nobody here wrote: the shell of SQLite, with its database in a preopened directory. */
class RealProgramTest {

  @Test
  void given_sqlite_when_it_writes_a_database_then_another_run_of_it_reads_it(@TempDir Path dir)
      throws Exception {
    assertEquals(
        "", sql(dir, "create table t(a, b); insert into t values (1, 'one'), (2, 'two');"));
    assertTrue(Files.size(dir.resolve("test.db")) > 0);
    assertEquals(
        "3|one,two\n500500\n",
        sql(
            dir,
            "select sum(a), group_concat(b) from t;with recursive c(x) as (select 1 union all"
                + " select x + 1 from c where x < 1000) select sum(x) from c;"));
    assertTrue(sql(dir, "select * from missing;").contains("no such table: missing"));
  }

  private static String sql(Path dir, String statements) throws Exception {
    Machine.Log log = new Machine.Log();
    try (Machine m = new Machine(2)) {
      ExitStatus status =
          m.run(
              SessionSpec.of("sqlite3")
                  .env(List.of("HOME=/"))
                  .args("sqlite3", "-batch", "-list", "/db/test.db")
                  .preopens(List.of(new Preopen(dir.toRealPath(), "/db", false)))
                  .input(statements.getBytes(StandardCharsets.UTF_8))
                  .output(log::write),
              "sqlite3");
      assertTrue(status instanceof ExitStatus.Exited, status.describe());
    }
    return log.text();
  }
}

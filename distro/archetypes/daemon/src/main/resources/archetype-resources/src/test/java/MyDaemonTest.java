package ${package};

import com.paiml.duende.harness.Duende;
import com.paiml.duende.harness.DuendeTest;
import org.junit.jupiter.api.Test;

@DuendeTest
class MyDaemonTest {
  @Test
  void works(Duende duende) throws Exception {
    duende.run(new MyDaemon()).awaitLine("step 2");
  }
}

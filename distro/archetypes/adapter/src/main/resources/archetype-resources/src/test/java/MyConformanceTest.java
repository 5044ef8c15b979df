package ${package};

import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;

/** Every promise of the contract. The table is in target/conformance. */
class MyConformanceTest extends AdapterConformance {
  @TempDir static Path folder;

  @Override
  protected Subject subject() {
    return new Subject() {
      @Override
      public String platform() {
        return MyAdapter.NAME;
      }

      @Override
      public Payload.Kind kind() {
        return Payload.Kind.PROGRAM;
      }

      @Override
      public PlatformAdapter open(Instance instance) {
        return new MyAdapter();
      }

      @Override
      public void close(PlatformAdapter adapter) {
        ((MyAdapter) adapter).leave();
      }

      @Override
      public Optional<Job> job(Behaviour behaviour) throws Exception {
        return new ShellJobs(
                c -> new Job(new Payload.Program(c.getFirst()), c.subList(1, c.size())),
                Optional.empty(),
                folder)
            .job(behaviour);
      }

      @Override
      public Set<String> platformVariables() {
        return Set.of(MyRun.MARK);
      }
    };
  }
}

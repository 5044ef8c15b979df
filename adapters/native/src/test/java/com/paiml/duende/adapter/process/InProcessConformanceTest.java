package com.paiml.duende.adapter.process;

import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.DaemonJobs;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.Subject;
import java.util.Optional;

/** The contract of adapters, held against daemon objects in this JVM. */
class InProcessConformanceTest extends AdapterConformance {
  @Override
  protected Subject subject() {
    DaemonJobs jobs = new DaemonJobs();
    return new NativeSubject() {
      @Override
      public Payload.Kind kind() {
        return Payload.Kind.IN_PROCESS;
      }

      @Override
      public Optional<Job> job(Behaviour behaviour) {
        return jobs.job(behaviour);
      }

      @Override
      public Census census() {
        return jobs;
      }
    };
  }
}

package com.paiml.duende.lab.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabDockerTest {
  @Test
  void given_a_container_that_runs_when_docker_is_closed_then_no_control_group_stays()
      throws Exception {
    try (LabEngine engine = LabEngine.start("docker")) {
      assertTrue(engine.run("run", "-d", "--network=none", engine.image(), "sleep", "3600").ok());
      LabDocker docker = (LabDocker) engine;
      assertNotEquals(List.of(), docker.groups());
      engine.close();
      assertEquals(List.of(), docker.groups());
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }
}

package io.hangup;

import static io.hangup.Actions.reset;
import static io.hangup.Plans.each;
import static io.hangup.Plans.step;
import static io.hangup.Triggers.bytesReceived;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.hangup.junit.AllowNeverFired;
import io.hangup.junit.HangupExtension;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What tests get as parameters, for how long, and what fails them at the end. */
@ExtendWith(HangupExtension.class)
class HangupExtensionTest {
  private static final Set<String> SCOPES = new HashSet<>();
  private static Fixture ofTheClass;
  private final Fixture ofTheConstructor;
  private Fixture beforeEach;

  HangupExtensionTest(Fixture fixture) {
    ofTheConstructor = fixture;
  }

  @BeforeAll
  static void aFixtureForTheClass(Fixture fixture) {
    ofTheClass = fixture;
  }

  @BeforeEach
  void before(Fixture fixture) {
    beforeEach = fixture;
  }

  @AfterEach
  void after(Fixture fixture) {
    assertSame(beforeEach, fixture);
    fixture.listen();
  }

  @Test
  void aTestHasOneFixture(Fixture fixture, Listener listener, Listener same, Hangup hangup) {
    assertSame(beforeEach, fixture);
    assertSame(ofTheConstructor, fixture);
    assertSame(listener, same);
    assertSame(Hangup.shared(), hangup);
    assertSame(hangup, fixture.hangup());
    assertEquals(List.of(listener.name()), List.of(listener.info().getName()));
    isNew(fixture);
  }

  @Test
  void andAnotherTestAnother(Fixture fixture) {
    isNew(fixture);
  }

  @Nested
  class Inside {
    @Test
    void asThatOfANestedClass(Fixture fixture) {
      isNew(fixture);
    }
  }

  private static void isNew(Fixture fixture) {
    assertNotSame(ofTheClass, fixture);
    assertNotEquals(ofTheClass.scope(), fixture.scope());
    assertEquals(true, SCOPES.add(fixture.scope()));
    ofTheClass.listen();
  }

  @Test
  void aStepThatNeverFiredFailsTheTest() {
    Map<String, String> results = resultsOf(NeverFires.class);
    assertEquals(
        Map.of(
            "fails(Fixture)",
            "FAILED io.hangup.NeverFiredError: never fired: echo, plan 1: it had no connection",
            "passesAsItIsAllowed(Fixture)",
            "SUCCESSFUL",
            "failsByItself(Fixture)",
            "FAILED java.lang.IllegalStateException: by itself, and io.hangup.NeverFiredError"),
        results);
  }

  @Test
  void unlessTheClassSaysOtherwise() {
    assertEquals(Map.of("passes(Fixture)", "SUCCESSFUL"), resultsOf(Allowed.class));
  }

  private static Map<String, String> resultsOf(Class<?> tests) {
    Map<String, String> results = new TreeMap<>();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(tests))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build(),
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest()) {
                  results.put(test.getDisplayName(), told(result));
                }
              }
            });
    return results;
  }

  private static String told(TestExecutionResult result) {
    StringBuilder told = new StringBuilder(result.getStatus().name());
    result
        .getThrowable()
        .ifPresent(
            error -> {
              told.append(' ').append(error);
              for (Throwable suppressed : error.getSuppressed()) {
                told.append(", and ").append(suppressed.getClass().getName());
              }
            });
    return told.toString();
  }

  private static void neverFires(Fixture fixture) {
    fixture.listen(
        request -> request.setName("echo").addPlans(each(step(bytesReceived(1), reset()))));
  }

  @ExtendWith(HangupExtension.class)
  static class NeverFires {
    @Test
    void fails(Fixture fixture) {
      neverFires(fixture);
    }

    @Test
    @AllowNeverFired
    void passesAsItIsAllowed(Fixture fixture) {
      neverFires(fixture);
    }

    @Test
    void failsByItself(Fixture fixture) {
      neverFires(fixture);
      throw new IllegalStateException("by itself");
    }
  }

  @ExtendWith(HangupExtension.class)
  @AllowNeverFired
  static class Allowed {
    @Test
    void passes(Fixture fixture) {
      neverFires(fixture);
    }
  }
}

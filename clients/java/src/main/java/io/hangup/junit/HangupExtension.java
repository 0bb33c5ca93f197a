package io.hangup.junit;

import io.hangup.Fixture;
import io.hangup.Hangup;
import io.hangup.Listener;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Gives tests their {@link Fixture}, a {@link Listener} of it that echoes, or the {@link Hangup}
 * that they all share, as parameters: {@code @ExtendWith(HangupExtension.class)}.
 *
 * <p>A test has one fixture, the same for its {@code @BeforeEach} and {@code @AfterEach}; that of
 * {@code @BeforeAll} is another one, and ends with the class. When it ends, a step of a plan that
 * never fired fails the test, unless {@link AllowNeverFired} is there. Tests may run in parallel.
 */
public final class HangupExtension
    implements ParameterResolver, AfterEachCallback, AfterAllCallback {

  /** Made by JUnit. */
  public HangupExtension() {}

  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    // What a constructor gets is that of the test.
    return ExtensionContextScope.TEST_METHOD;
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Fixture.class || type == Listener.class || type == Hangup.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    if (type == Hangup.class) {
      return Hangup.shared();
    }
    return type == Fixture.class ? fixtureOf(context) : listenerOf(context);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    end(context);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    end(context);
  }

  private static Fixture fixtureOf(ExtensionContext context) {
    // Get and put, which JUnit 5 has as well. The parameters of one context come one by one.
    Fixture fixture = storeOf(context).get(Fixture.class, Fixture.class);
    if (fixture == null) {
      String method = context.getTestMethod().map(test -> "." + test.getName()).orElse("");
      String name = context.getRequiredTestClass().getSimpleName() + method;
      fixture = Hangup.shared().fixture(name);
      storeOf(context).put(Fixture.class, fixture);
    }
    return fixture;
  }

  private static Listener listenerOf(ExtensionContext context) {
    Listener listener = storeOf(context).get(Listener.class, Listener.class);
    if (listener == null) {
      listener = fixtureOf(context).listen();
      storeOf(context).put(Listener.class, listener);
    }
    return listener;
  }

  private static void end(ExtensionContext context) {
    // The listener ends with its scope.
    storeOf(context).remove(Listener.class);
    Fixture fixture = storeOf(context).remove(Fixture.class, Fixture.class);
    if (fixture == null) {
      return;
    }
    if (AnnotationSupport.isAnnotated(context.getElement(), AllowNeverFired.class)
        || AnnotationSupport.isAnnotated(context.getTestClass(), AllowNeverFired.class)) {
      fixture.allowNeverFired();
    }
    fixture.close();
  }

  /** A store looks into those of its parents too; what a class holds is no test's. */
  private static Store storeOf(ExtensionContext context) {
    return context.getStore(Namespace.create(HangupExtension.class, context.getUniqueId()));
  }
}
